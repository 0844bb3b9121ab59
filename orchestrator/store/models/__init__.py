from orchestrator.store.models.block_documents import BlockDocument, BlockReference
from orchestrator.store.models.block_types import BlockSchema, BlockType
from orchestrator.store.models.configuration import Configuration
from orchestrator.store.models.variables import Variable

__all__ = ["BlockDocument", "BlockReference", "BlockSchema", "BlockType", "Configuration", "Variable"]
