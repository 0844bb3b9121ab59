"""The addresses of the pages about variables and blocks."""

from django.urls import re_path

from orchestrator.store.pages import block, block_catalog, block_forms, block_list, variables

app_name = "store"

UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
BLOCK = rf"^blocks/block/(?P<document_id>{UUID})"
VARIABLE = rf"^variables/variable/(?P<variable_id>{UUID})"
TYPE = r"^blocks/catalog/(?P<slug>[a-z0-9-]+)"

urlpatterns = [
    re_path(r"^variables/?$", variables.variables, name="variables"),
    re_path(r"^variables/new/?$", variables.create, name="new-variable"),
    re_path(rf"{VARIABLE}/?$", variables.variable, name="variable"),
    re_path(rf"{VARIABLE}/edit/?$", variables.change, name="edit-variable"),
    re_path(rf"{VARIABLE}/delete/?$", variables.delete, name="delete-variable"),
    re_path(r"^blocks/?$", block_list.block_list, name="blocks"),
    re_path(r"^blocks/catalog/?$", block_catalog.catalog, name="catalog"),
    re_path(rf"{TYPE}/?$", block_catalog.block_type, name="block-type"),
    re_path(rf"{TYPE}/create/?$", block_forms.create, name="new-block"),
    re_path(rf"{BLOCK}/?$", block.block, name="block"),
    re_path(rf"^v2/blocks/block/(?P<document_id>{UUID})/?$", block.block),
    re_path(rf"{BLOCK}/edit/?$", block_forms.edit, name="edit-block"),
    re_path(rf"{BLOCK}/delete/?$", block.delete, name="delete-block"),
    re_path(rf"{BLOCK}/reveal/?$", block.reveal, name="reveal-block"),
]
