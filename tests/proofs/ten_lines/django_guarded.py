from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from iamkit import IAM

iam = IAM("iamkit-data")
settings.configure(
    SECRET_KEY="only for tests",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["iamkit.web.django"],
    MIDDLEWARE=["iamkit.web.django.Middleware"],
    IAMKIT_IAM=iam,
)


@iam.require("notes:Read", "note/{note_id}")
def read(request: HttpRequest, note_id: str) -> JsonResponse:
    return JsonResponse({"note": note_id})


@iam.public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nobody said who may")


urlpatterns = [path("notes/<note_id>", read), path("healthz", healthz), path("forgotten", forgotten)]
app = get_wsgi_application()
