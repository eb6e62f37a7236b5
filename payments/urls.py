from django.urls import path

from payments import views

app_name = "payments"
urlpatterns = [
    path("<str:number>/pay/", views.pay, name="pay"),
    path("<str:number>/paid/", views.paid, name="paid"),
    path("<str:number>/cancel/", views.cancel, name="cancel"),
]
