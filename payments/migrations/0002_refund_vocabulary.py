from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [
        migrations.RenameField("payment", "refunded", "refund_completed"),
        migrations.RenameField("payment", "refund_total", "refund_requested"),
    ]
