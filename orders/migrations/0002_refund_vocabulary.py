from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [
        migrations.RenameField("order", "refunded", "refund_requested"),
        migrations.RenameField("order", "paid_back", "refund_completed"),
    ]
