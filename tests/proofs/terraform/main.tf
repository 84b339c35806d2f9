# What people describe in Terraform, for the API of iamkit: applied, planned again, destroyed.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }

provider "aws" {
  region                      = "us-east-1"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 2
  endpoints {
    iam = var.endpoint
    sts = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "reading" {
  statement {
    sid       = "Read"
    actions   = ["docs:Get", "docs:List"]
    resources = ["arn:aws:docs::${data.aws_caller_identity.me.account_id}:doc/*"]
    condition {
      test     = "StringLike"
      variable = "aws:username"
      # Each of these has to come back as it was written, percent-encoded on the way.
      values   = ["a+b c%20", "é/~*"]
    }
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.ana.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["zhang-42"]
    }
  }
}

data "aws_iam_policy_document" "machines" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["machines.example.org"]
    }
  }
}

resource "aws_iam_account_alias" "alias" { account_alias = "example-org" }

resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length        = 16
  require_lowercase_characters   = true
  require_numbers                = true
  require_uppercase_characters   = false
  require_symbols                = false
  allow_users_to_change_password = true
  password_reuse_prevention      = 5
}

resource "aws_iam_policy" "boundary" {
  name        = "boundary"
  path        = "/limits/"
  description = "No more than this."
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "docs:*", Resource = "*" }]
  })
  tags = { team = "platform" }
}

resource "aws_iam_policy" "reading" {
  name   = "reading"
  policy = data.aws_iam_policy_document.reading.json
}

resource "aws_iam_user" "ana" {
  name                 = "ana-t"
  path                 = "/people/"
  permissions_boundary = aws_iam_policy.boundary.arn
  force_destroy        = true
  tags                 = { team = "search", "cost center" = "7" }
}

resource "aws_iam_user" "robot" {
  name = "robot"
  tags = {}
}

resource "aws_iam_access_key" "robot" { user = aws_iam_user.robot.name }

resource "aws_iam_user_login_profile" "ana" {
  user                    = aws_iam_user.ana.name
  password_length         = 24
  password_reset_required = true
}

resource "aws_iam_user_policy" "own" {
  name   = "own"
  user   = aws_iam_user.ana.name
  policy = data.aws_iam_policy_document.reading.json
}

resource "aws_iam_user_policy_attachment" "ana" {
  user       = aws_iam_user.ana.name
  policy_arn = aws_iam_policy.reading.arn
}

resource "aws_iam_user_ssh_key" "ana" {
  username   = aws_iam_user.ana.name
  encoding   = "SSH"
  public_key = "ssh-rsa ${var.ssh_key}"
}

variable "ssh_key" { type = string }

resource "aws_iam_group" "staff" {
  name = "staff-t"
  path = "/people/"
}

resource "aws_iam_group_membership" "staff" {
  name  = "staff"
  group = aws_iam_group.staff.name
  users = [aws_iam_user.ana.name]
}

resource "aws_iam_user_group_membership" "robot" {
  user   = aws_iam_user.robot.name
  groups = [aws_iam_group.machines.name]
}

resource "aws_iam_group" "machines" { name = "machines" }

resource "aws_iam_group_policy" "staff" {
  name   = "staff"
  group  = aws_iam_group.staff.name
  policy = data.aws_iam_policy_document.reading.json
}

resource "aws_iam_group_policy_attachment" "machines" {
  group      = aws_iam_group.machines.name
  policy_arn = aws_iam_policy.reading.arn
}

resource "aws_iam_role" "reader" {
  name                 = "reader"
  path                 = "/app/"
  description          = "Reads documents."
  max_session_duration = 7200
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = aws_iam_policy.boundary.arn
  tags                 = { stage = "test" }
}

resource "aws_iam_role" "machine" {
  name               = "machine"
  assume_role_policy = data.aws_iam_policy_document.machines.json
}

resource "aws_iam_role_policy" "reader" {
  name   = "own"
  role   = aws_iam_role.reader.id
  policy = data.aws_iam_policy_document.reading.json
}

resource "aws_iam_role_policy_attachment" "reader" {
  role       = aws_iam_role.reader.name
  policy_arn = aws_iam_policy.reading.arn
}

resource "aws_iam_instance_profile" "machine" {
  name = "machine"
  role = aws_iam_role.machine.name
  tags = { stage = "test" }
}

resource "aws_iam_virtual_mfa_device" "ana" {
  virtual_mfa_device_name = "ana-t"
  path                    = "/people/"
  tags                    = { owner = "ana" }
}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://tokens.ci.example.org"
  client_id_list  = ["iamkit", "other"]
  thumbprint_list = ["cf23df2207d99a74fbe169e3eba035e633b65d94"]
  tags            = { stage = "test" }
}

data "aws_iam_user" "ana" { user_name = aws_iam_user.ana.name }

data "aws_iam_group" "staff" {
  group_name = aws_iam_group.staff.name
  depends_on = [aws_iam_group_membership.staff]
}

data "aws_iam_role" "reader" { name = aws_iam_role.reader.name }

data "aws_iam_policy" "reading" { arn = aws_iam_policy.reading.arn }

data "aws_iam_account_alias" "alias" { depends_on = [aws_iam_account_alias.alias] }

data "aws_iam_instance_profile" "machine" { name = aws_iam_instance_profile.machine.name }

data "aws_iam_principal_policy_simulation" "ana" {
  policy_source_arn = aws_iam_user.ana.arn
  action_names      = ["docs:Get"]
  resource_arns     = ["arn:aws:docs::${data.aws_caller_identity.me.account_id}:doc/7"]
  context {
    key    = "aws:username"
    type   = "string"
    values = ["é/~x"]
  }
  depends_on = [aws_iam_user_policy_attachment.ana]
}

output "allowed" { value = data.aws_iam_principal_policy_simulation.ana.all_allowed }
output "members" { value = [for user in data.aws_iam_group.staff.users : user.user_name] }
