from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("catalog", "0001_initial")]

    # The collection keeps its name.
    operations = [migrations.RenameModel("OldSlug", "FormerSlug")]
