from django.core.management.base import BaseCommand, CommandError

from blekinge_site.operations import backup
from blekinge_site.operations.progress import Progress


class Command(BaseCommand):
    help = "Make the database and the documents what they were in a file that `backup` has written."

    def add_arguments(self, parser):
        parser.add_argument("file")
        parser.add_argument(
            "--replace", action="store_true", help="drop all that the database holds now"
        )

    def handle(self, file, replace, **options):
        try:
            with Progress(self.stderr) as progress:
                manifest = backup.restore(file, replace=replace, report=progress)
        except backup.BackupError as error:
            raise CommandError(f"Nothing is changed. {error}") from error
        rows, documents = sum(manifest["rows"].values()), len(manifest["sha256"]) - 1
        self.stdout.write(f"{rows} rows and {documents} documents are as at {manifest['made_at']}.")
        self.stdout.write("Documents that the file lacks are still there. Everyone is signed out.")
