"""Below /api/v1/."""

from django.urls import path

from apps.runs.api import automations, history, proposals

urlpatterns = [
    path("automations/", automations.AutomationsView.as_view(), name="automations"),
    path("automations/<str:name>/", automations.AutomationView.as_view(), name="automation"),
    path("automations/<str:name>/run", automations.RunNowView.as_view(), name="automation-run"),
    path("runs/", history.RunsView.as_view(), name="runs"),
    path("runs/<int:pk>/", history.RunView.as_view(), name="run"),
    path("proposals/", proposals.ProposalsView.as_view(), name="proposals"),
    path("proposals/<uuid:ident>/", proposals.ProposalView.as_view(), name="proposal"),
    path("proposals/<uuid:ident>/approve", proposals.ApproveView.as_view(), name="proposal-approve"),
    path("proposals/<uuid:ident>/reject", proposals.RejectView.as_view(), name="proposal-reject"),
    path("proposals/<uuid:ident>/snooze", proposals.SnoozeView.as_view(), name="proposal-snooze"),
    path("evolution-log/", history.EvolutionLogView.as_view(), name="evolution-log"),
    path("emergency-stop/", automations.EmergencyStopView.as_view(), name="emergency-stop"),
    path("resume/", automations.ResumeView.as_view(), name="resume"),
]
