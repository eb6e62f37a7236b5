from django.urls import path

from accounts import address_views, recovery_views, views

app_name = "accounts"
urlpatterns = [
    path("", views.account, name="detail"),
    path("login/", views.log_in, name="login"),
    path("signup/", views.sign_up, name="signup"),
    path("logout/", views.log_out, name="logout"),
    path("logout-everywhere/", views.log_out_everywhere, name="logout_everywhere"),
    path("sessions/<str:session_id>/end/", views.end_session, name="end_session"),
    path("verify-email/", recovery_views.verify_email, name="verify_email"),
    path("verify-email/resend/", recovery_views.resend_verification, name="resend_verification"),
    path("password/", recovery_views.change_password, name="change_password"),
    path("password/forgot/", recovery_views.forgot_password, name="forgot_password"),
    path("password/reset/", recovery_views.reset_password, name="reset_password"),
    path("email/", recovery_views.change_email, name="change_email"),
    path("email/confirm/", recovery_views.confirm_email_change, name="confirm_email_change"),
    path("profile/", address_views.profile, name="profile"),
    path("addresses/", address_views.address_list, name="addresses"),
    path("addresses/new/", address_views.new_address, name="new_address"),
    path("addresses/<str:address_id>/", address_views.edit_address, name="edit_address"),
    path("addresses/<str:address_id>/prefer/", address_views.prefer_address, name="prefer_address"),
    path("addresses/<str:address_id>/remove/", address_views.remove_address, name="remove_address"),
    path("export/", views.export, name="export"),
    path("delete/", views.delete, name="delete"),
]
