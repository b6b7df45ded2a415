"""Uploads that fail: files of a failed save are deleted, and staff are told if the disk is full."""

import copy

from pages.publishing.uploads import forget_files

DISK_IS_FAILING = (
    "Filen kunde inte sparas, eftersom servern inte har plats för den just nu. Inget är sparat. Säg till"
    " den som sköter webbplatsen, och försök sedan igen: välj filen på nytt."
)


class FailedUploadMixin:
    """Deletes uploaded files if the save fails, and shows the form again if the disk caused it."""

    upload_error = None  # the error that the form shows

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except OSError:
            forget_files(request)
            if not request.FILES or self.upload_error:
                raise
            # Threads share this admin, so the error is set on a copy for this request.
            admin_with_error = copy.copy(self)
            admin_with_error.upload_error = DISK_IS_FAILING
            return admin_with_error.changeform_view(request, object_id, form_url, extra_context)
        except Exception:
            forget_files(request)
            raise
