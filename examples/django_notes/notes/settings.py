import os

SECRET_KEY = os.environ.get("NOTES_SECRET_KEY", "for development only")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "notes.urls"
WSGI_APPLICATION = "notes.wsgi.application"
INSTALLED_APPS = ["iamkit.web.django"]
MIDDLEWARE = ["iamkit.web.django.Middleware"]
IAMKIT_IAM = "notes.iam.iam"
