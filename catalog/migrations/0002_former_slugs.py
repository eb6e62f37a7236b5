from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("catalog", "0001_initial")]

    # Neither changes the stored data: the collection keeps its name, and validators are not stored.
    operations = [
        migrations.RenameModel("OldSlug", "FormerSlug"),
        migrations.AlterField(
            "product",
            "inventory",
            models.IntegerField(
                default=0, editable=False, validators=[MinValueValidator(0), MaxValueValidator(1_000_000)]
            ),
        ),
    ]
