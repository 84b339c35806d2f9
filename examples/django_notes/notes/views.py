from django.http import HttpRequest, HttpResponse, JsonResponse

from iamkit import current_principal

from .iam import iam


@iam.require("notes:Read", "note/{note_id}")
def read(request: HttpRequest, note_id: int) -> JsonResponse:
    return JsonResponse({"note": note_id, "reader": current_principal().name})


@iam.public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")
