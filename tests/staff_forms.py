"""What staff send from the admin's forms."""


def form_of(answer):
    """Return what the admin form in `answer` would send back unchanged: its inputs and inlines."""
    data = {}
    forms = [answer.context["adminform"].form]
    for inline in answer.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                data[bound.html_name] = value
    return data


def change(admin_client, thing, **fields):
    """Change `fields` of `thing` through its admin page."""
    address = f"/admin/{thing._meta.app_label}/{thing._meta.model_name}/{thing.pk}/change/"
    data = form_of(admin_client.get(address)) | fields
    answer = admin_client.post(address, data)
    assert answer.status_code == 302, answer.context["errors"]
    thing.refresh_from_db()


def publish(admin_client, thing, **when):
    """Publish `thing` from its admin page, now or as `when` says; return the answer."""
    meta = thing._meta
    address = f"/admin/{meta.app_label}/{meta.model_name}/{thing.pk}/publicera/"
    answer = admin_client.post(address, {"publish_at": "", "unpublish_at": ""} | when)
    assert answer.status_code == 302, answer.context["stops"] or answer.context["form"].errors
    thing.refresh_from_db()
