from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0014_slots_of_task_workers"),
    ]

    operations = [
        migrations.AddField(
            model_name="tasksubscription",
            name="epoch",
            field=models.PositiveIntegerField(
                default=1,
                help_text="Which of its connections counts: each one that takes the subscription up raises it.",
            ),
        ),
    ]
