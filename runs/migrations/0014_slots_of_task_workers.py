from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0013_late_reports"),
    ]

    operations = [
        migrations.AddField(
            model_name="tasksubscription",
            name="slots",
            field=models.PositiveIntegerField(
                blank=True,
                help_text=(
                    "How many task runs it holds at most until they have ended. Empty: it acknowledges on receipt."
                ),
                null=True,
            ),
        ),
    ]
