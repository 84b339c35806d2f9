"""`iamkit demo`: a document app under two servers, one directory, and the launch-day story of AWS IAM."""
