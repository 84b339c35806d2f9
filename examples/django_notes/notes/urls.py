from django.urls import path

from . import views

urlpatterns = [
    path("notes/<int:note_id>", views.read, name="note"),
    path("healthz", views.healthz, name="healthz"),
]
