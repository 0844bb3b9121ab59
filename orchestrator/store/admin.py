"""Variables and blocks in the admin. What is in a block is encrypted, and is not shown here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from orchestrator.pages.addresses import address_of
from orchestrator.store.models import BlockDocument, BlockReference, BlockSchema, BlockType, Configuration, Variable
from orchestrator.store.services.block_documents import delete_block_document
from orchestrator.store.services.variables import delete_variable, update_variable
from orchestrator.web.admin import HistoryAdmin, HistoryInline, QuickAdmin
from orchestrator.web.admin_filters import FewRelated


@admin.register(Variable)
class VariableAdmin(QuickAdmin):
    """A value can be corrected; new variables are made by those who use them."""

    list_display = ["name", "short_value", "tags", "updated"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = ["name", "value", "tags", "created", "updated"]
    readonly_fields = ["name", "created", "updated"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:
        update_variable(Q(pk=obj.pk), changes={name: form.cleaned_data[name] for name in form.changed_data})

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        delete_variable(Q(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for variable in queryset:
            delete_variable(Q(pk=variable.pk))

    def view_on_site(self, variable: Variable) -> str:
        return address_of("variables")

    @admin.display(description="value")
    def short_value(self, variable: Variable) -> str:
        text = repr(variable.value)
        return text if len(text) <= 80 else f"{text[:80]}…"


class Schemas(HistoryInline):
    model = BlockSchema
    fields = ["version", "checksum", "capabilities", "created"]
    readonly_fields = ["version", "checksum", "capabilities", "created"]
    ordering = ["-created"]


@admin.register(BlockType)
class BlockTypeAdmin(HistoryAdmin):
    list_display = ["name", "slug", "is_protected", "created"]
    list_filter = ["is_protected"]
    search_fields = ["name", "slug"]
    ordering = ["name"]
    is_small = True
    inlines = [Schemas]


@admin.register(BlockSchema)
class BlockSchemaAdmin(HistoryAdmin):
    list_display = ["block_type", "version", "checksum", "capabilities", "created"]
    list_select_related = ["block_type"]
    search_fields = ["checksum", "block_type__name"]
    ordering = ["-created"]


class Held(HistoryInline):
    model = BlockReference
    fk_name = "parent"
    fields = ["name", "document"]
    verbose_name_plural = "blocks that it holds"


@admin.register(BlockDocument)
class BlockDocumentAdmin(HistoryAdmin):
    """A block can be deleted here; its content is for flows alone."""

    list_display = ["name", "block_type", "is_anonymous", "created", "updated"]
    list_filter = ["is_anonymous", ("block_type", FewRelated)]
    list_select_related = ["block_type"]
    search_fields = ["name", "block_type__name"]
    ordering = ["name"]
    exclude = ["encrypted_data"]
    inlines = [Held]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BlockDocument]:
        return super().get_queryset(request).defer("encrypted_data").select_related("block_type")

    def view_on_site(self, document: BlockDocument) -> str:
        return address_of("block", document.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("store.delete_blockdocument")

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        delete_block_document(document_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for document in queryset:
            delete_block_document(document_id=document.pk)


@admin.register(Configuration)
class ConfigurationAdmin(HistoryAdmin):
    list_display = ["key", "value", "updated"]
    ordering = ["key"]
    is_small = True
