"""All routes of the REST API, below /api/v1, without trailing slashes."""

from django.urls import path

import accounts.privacy.api as privacy
import accounts.recovery.api as recovery
import accounts.sessions.api as sessions
import accounts.sign_in.api as sign_in
import accounts.users.api as users
import cart.api as cart
import catalog.api as catalog
import orders.api as orders
import orders.fulfilment.api as fulfilment
import payments.admin_api as office
import payments.api as payments

urlpatterns = [
    path("auth/signup", sign_in.SignUp.as_view()),
    path("auth/login", sign_in.Login.as_view()),
    path("auth/refresh", sessions.Refresh.as_view()),
    path("auth/logout", sessions.Logout.as_view()),
    path("auth/logout-all", sessions.LogoutAll.as_view()),
    path("auth/sessions", sessions.SessionList.as_view()),
    path("auth/sessions/<str:session_id>", sessions.Session.as_view()),
    path("auth/verify-email", recovery.VerifyEmail.as_view()),
    path("auth/verify-email/resend", recovery.ResendVerification.as_view()),
    path("auth/password/forgot", recovery.ForgotPassword.as_view()),
    path("auth/password/reset", recovery.ResetPassword.as_view()),
    path("auth/password/change", recovery.ChangePassword.as_view()),
    path("auth/email/change", recovery.ChangeEmail.as_view()),
    path("auth/email/confirm", recovery.ConfirmEmailChange.as_view()),
    path("auth/me", privacy.Me.as_view()),
    path("auth/export", privacy.Export.as_view()),
    path("auth/promote-to-admin", users.PromoteToAdmin.as_view()),
    path("auth/role", users.SetRole.as_view()),
    path("products", catalog.ProductList.as_view(), name="products"),
    path("products/<str:slug>", catalog.ProductDetail.as_view(), name="product"),
    path("cart", cart.CartDetail.as_view()),
    path("cart/guest", cart.NewGuestCart.as_view()),
    path("cart/add", cart.CartAdd.as_view()),
    path("cart/remove", cart.CartRemove.as_view()),
    path("checkout/create-order", orders.CreateOrder.as_view()),
    path("orders", orders.OrderList.as_view()),
    path("orders/admin/all", orders.AllOrders.as_view()),
    path("orders/<str:order_id>", orders.OrderDetail.as_view()),
    path("orders/<str:order_id>/cancel", payments.CancelOrder.as_view()),
    path("payments/start", payments.StartPayment.as_view()),
    path("payments/confirm", payments.ConfirmPayment.as_view()),
    path("payments/webhooks/<str:gateway>", payments.Webhook.as_view()),
    path("payments/<str:payment_id>", payments.PaymentDetail.as_view()),
    path("admin/products", catalog.AdminProducts.as_view()),
    path("admin/products/<str:pk>", catalog.AdminProduct.as_view()),
    path("admin/orders/<str:order_id>/pack", fulfilment.Pack.as_view()),
    path("admin/orders/<str:order_id>/ship", fulfilment.Ship.as_view()),
    path("admin/orders/<str:order_id>/correct-parcel", fulfilment.CorrectParcel.as_view()),
    path("admin/orders/<str:order_id>/deliver", fulfilment.Deliver.as_view()),
    path("admin/orders/<str:order_id>/cancel", office.CancelOrder.as_view()),
    path("admin/orders/<str:order_id>/refund", office.RefundOrder.as_view()),
]
