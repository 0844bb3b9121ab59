from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0020_slot_waits")]

    operations = [
        migrations.CreateModel(
            name="HourCount",
            fields=[
                ("hour", models.DateTimeField(help_text="When it begins.", primary_key=True, serialize=False)),
                (
                    "counted_at",
                    models.DateTimeField(
                        blank=True, help_text="Nothing while it has to be counted again.", null=True
                    ),
                ),
                (
                    "counts",
                    models.JSONField(
                        blank=True, default=list, help_text="Type of state, its name, and how many runs."
                    ),
                ),
            ],
        ),
    ]
