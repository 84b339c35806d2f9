from iamkit import IAM

iam = IAM("iamkit-data")
