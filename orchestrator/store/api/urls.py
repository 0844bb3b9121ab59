"""Every address about variables, blocks, collections and result storage, below /api/."""

from django.urls import path

from orchestrator.rest.lists import count_view, filter_view
from orchestrator.store.api import (
    block_documents,
    block_schemas,
    block_types,
    collections,
    errors,
    shapes,
    storage,
    variables,
)
from orchestrator.store.api.answers import block_schema_answers, block_type_answers, variable_answers
from orchestrator.store.api.filters import BLOCK_SCHEMAS, BLOCK_TYPES, VARIABLES

errors.register()

urlpatterns = [
    path("variables", variables.Variables.as_view()),
    path("variables/filter", filter_view(VARIABLES, variable_answers, shapes.Variable)),
    path("variables/count", count_view(VARIABLES)),
    path("variables/<id:id>", variables.VariableById.as_view()),
    path("variables/name/<str:name>", variables.VariableByName.as_view()),
    #
    path("block_types", block_types.BlockTypes.as_view()),
    path("block_types/filter", filter_view(BLOCK_TYPES, block_type_answers, shapes.BlockType)),
    path("block_types/install_system_block_types", block_types.SystemBlockTypes.as_view()),
    path("block_types/<id:id>", block_types.BlockTypeById.as_view()),
    path("block_types/slug/<str:slug>", block_types.BlockTypeBySlug.as_view()),
    path("block_types/slug/<str:slug>/block_documents", block_documents.BlockDocumentsOfType.as_view()),
    path(
        "block_types/slug/<str:slug>/block_documents/name/<str:block_document_name>",
        block_documents.BlockDocumentByName.as_view(),
    ),
    #
    path("block_schemas", block_schemas.BlockSchemas.as_view()),
    path("block_schemas/filter", filter_view(BLOCK_SCHEMAS, block_schema_answers, shapes.BlockSchema)),
    path("block_schemas/<id:id>", block_schemas.BlockSchemaById.as_view()),
    path("block_schemas/checksum/<str:checksum>", block_schemas.BlockSchemaByChecksum.as_view()),
    path("block_capabilities", block_schemas.BlockCapabilities.as_view()),
    #
    path("block_documents", block_documents.BlockDocuments.as_view()),
    path("block_documents/filter", block_documents.BlockDocumentSearch.as_view()),
    path("block_documents/count", block_documents.BlockDocumentCount.as_view()),
    path("block_documents/<id:id>", block_documents.BlockDocumentById.as_view()),
    #
    path("collections/views/<str:view>", collections.CollectionView.as_view()),
    #
    path("admin/storage", storage.ResultStorage.as_view()),
]
