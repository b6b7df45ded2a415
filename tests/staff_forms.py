"""Submitting the admin's forms, as staff do."""

from blekinge_site.staff.addresses import form_address


def admin_address(obj, page="change"):
    """Return the address of an admin page of `obj`."""
    return f"/admin/{obj._meta.app_label}/{obj._meta.model_name}/{obj.pk}/{page}/"


def form_of(response):
    """Return the data that the admin form in `response`, inlines included, submits when unchanged."""
    data = {}
    forms = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                data[bound.html_name] = value
    return data


def change(admin_client, obj, **fields):
    """Change `fields` of `obj` on its admin page."""
    address = admin_address(obj)
    data = form_of(admin_client.get(form_address(obj))) | fields
    response = admin_client.post(address, data)
    assert response.status_code == 302, response.context["errors"]
    obj.refresh_from_db()
    return response


def publish(admin_client, obj, **when):
    """Publish `obj` from its admin page, now or at the times in `when`."""
    response = admin_client.post(
        admin_address(obj, "publicera"), {"publish_at": "", "unpublish_at": ""} | when
    )
    assert response.status_code == 302, response.context["stops"] or response.context["form"].errors
    obj.refresh_from_db()
