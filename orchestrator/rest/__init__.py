"""What the REST API of every resource shares: JSON, errors, who may call, bodies, filters, sorting and pages."""
