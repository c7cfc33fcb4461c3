"""Pure rules of platform optimisation: which index, whether to ask for it, and whether it was worth it."""

from apps.platform.policy.advice import advise, merge, passes, refuse_table, with_hypothetical
from apps.platform.policy.judgement import (
    IndexFacts,
    Measured,
    Worth,
    confidence_of,
    decide_index,
    judge_index,
    risk_of,
)
from apps.platform.policy.naming import (
    PREFIX,
    columns_of,
    create_statement,
    drop_statement,
    index_name,
    parse_columns,
)
from apps.platform.policy.shapes import Advice, Column, Index, Parameter, Table, Use
from apps.platform.policy.sql import NotAQuery, fingerprint, functions, levels, single_select, table_names
from apps.platform.policy.uses import parameters, uses

__all__ = [
    "PREFIX",
    "Advice",
    "Column",
    "Index",
    "IndexFacts",
    "Measured",
    "NotAQuery",
    "Parameter",
    "Table",
    "Use",
    "Worth",
    "advise",
    "columns_of",
    "confidence_of",
    "create_statement",
    "decide_index",
    "drop_statement",
    "fingerprint",
    "functions",
    "index_name",
    "judge_index",
    "levels",
    "merge",
    "parameters",
    "parse_columns",
    "passes",
    "refuse_table",
    "risk_of",
    "single_select",
    "table_names",
    "uses",
    "with_hypothetical",
]
