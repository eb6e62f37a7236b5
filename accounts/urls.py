from django.urls import path

from accounts.addresses import views as addresses
from accounts.privacy import views as privacy
from accounts.recovery import views as recovery
from accounts.sessions import views as sessions
from accounts.sign_in import views as sign_in

app_name = "accounts"
urlpatterns = [
    path("", sessions.account, name="detail"),
    path("login/", sign_in.log_in, name="login"),
    path("signup/", sign_in.sign_up, name="signup"),
    path("logout/", sign_in.log_out, name="logout"),
    path("logout-everywhere/", sessions.log_out_everywhere, name="logout_everywhere"),
    path("sessions/<str:session_id>/end/", sessions.end_session, name="end_session"),
    path("verify-email/", recovery.verify_email, name="verify_email"),
    path("verify-email/resend/", recovery.resend_verification, name="resend_verification"),
    path("password/", recovery.change_password, name="change_password"),
    path("password/forgot/", recovery.forgot_password, name="forgot_password"),
    path("password/reset/", recovery.reset_password, name="reset_password"),
    path("email/", recovery.change_email, name="change_email"),
    path("email/confirm/", recovery.confirm_email_change, name="confirm_email_change"),
    path("profile/", addresses.profile, name="profile"),
    path("addresses/", addresses.address_list, name="addresses"),
    path("addresses/new/", addresses.new_address, name="new_address"),
    path("addresses/<str:address_id>/", addresses.edit_address, name="edit_address"),
    path("addresses/<str:address_id>/prefer/", addresses.prefer_address, name="prefer_address"),
    path("addresses/<str:address_id>/remove/", addresses.remove_address, name="remove_address"),
    path("export/", privacy.export, name="export"),
    path("delete/", privacy.delete, name="delete"),
]
