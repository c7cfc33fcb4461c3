from django.urls import path

from apps.messaging.public_views import Unsubscribe

urlpatterns = [path("unsubscribe/<str:token>/", Unsubscribe.as_view(), name="unsubscribe")]
