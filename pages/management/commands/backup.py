from django.core.management.base import BaseCommand, CommandError

from blekinge_site.operations import backup
from blekinge_site.operations.progress import Progress


class Command(BaseCommand):
    help = "Write the whole database and all documents to a file that only you can read."

    def add_arguments(self, parser):
        parser.add_argument("file")

    def handle(self, file, **options):
        try:
            with Progress(self.stderr) as progress:
                manifest = backup.write(file, progress)
        except (backup.BackupError, OSError) as error:
            raise CommandError(error) from error
        rows, documents = sum(manifest["rows"].values()), len(manifest["sha256"]) - 1
        self.stdout.write(f"Wrote {rows} rows and {documents} documents to {file}.")
