//! The node classes, as `Python.asdl` lists them.
//!
//! A row names the class, its base (nothing for `AST`), its fields as ASDL
//! writes them, and its position attributes. Docstrings, `_fields` and
//! `_field_types` follow from it.

/// Which position attributes instances have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Positions {
    None,
    /// `end_lineno` and `end_col_offset` may be `None`.
    OptionalEnd,
    Required,
}

/// A class.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) base: &'static str,
    pub(crate) fields: &'static str,
    pub(crate) positions: Positions,
}

macro_rules! nodes {
    ($($kind:ident $name:literal $base:literal $fields:literal $positions:ident;)*) => {
        /// A node class.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Kind { $($kind),* }

        /// By [`Kind`].
        pub(crate) static ROWS: &[Row] = &[$(Row {
            name: $name,
            base: $base,
            fields: $fields,
            positions: Positions::$positions,
        }),*];

        /// All kinds, in order.
        pub(crate) static KINDS: &[Kind] = &[$(Kind::$kind),*];
    };
}

nodes! {
    SumMod "mod" "" "" None;
    Module "Module" "mod" "stmt* body, type_ignore* type_ignores" None;
    Interactive "Interactive" "mod" "stmt* body" None;
    Expression "Expression" "mod" "expr body" None;
    FunctionType "FunctionType" "mod" "expr* argtypes, expr returns" None;
    SumStmt "stmt" "" "" OptionalEnd;
    FunctionDef "FunctionDef" "stmt" "identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment, type_param* type_params" None;
    AsyncFunctionDef "AsyncFunctionDef" "stmt" "identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment, type_param* type_params" None;
    ClassDef "ClassDef" "stmt" "identifier name, expr* bases, keyword* keywords, stmt* body, expr* decorator_list, type_param* type_params" None;
    Return "Return" "stmt" "expr? value" None;
    Delete "Delete" "stmt" "expr* targets" None;
    Assign "Assign" "stmt" "expr* targets, expr value, string? type_comment" None;
    TypeAlias "TypeAlias" "stmt" "expr name, type_param* type_params, expr value" None;
    AugAssign "AugAssign" "stmt" "expr target, operator op, expr value" None;
    AnnAssign "AnnAssign" "stmt" "expr target, expr annotation, expr? value, int simple" None;
    For "For" "stmt" "expr target, expr iter, stmt* body, stmt* orelse, string? type_comment" None;
    AsyncFor "AsyncFor" "stmt" "expr target, expr iter, stmt* body, stmt* orelse, string? type_comment" None;
    While "While" "stmt" "expr test, stmt* body, stmt* orelse" None;
    If "If" "stmt" "expr test, stmt* body, stmt* orelse" None;
    With "With" "stmt" "withitem* items, stmt* body, string? type_comment" None;
    AsyncWith "AsyncWith" "stmt" "withitem* items, stmt* body, string? type_comment" None;
    Match "Match" "stmt" "expr subject, match_case* cases" None;
    Raise "Raise" "stmt" "expr? exc, expr? cause" None;
    Try "Try" "stmt" "stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody" None;
    TryStar "TryStar" "stmt" "stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody" None;
    Assert "Assert" "stmt" "expr test, expr? msg" None;
    Import "Import" "stmt" "alias* names" None;
    ImportFrom "ImportFrom" "stmt" "identifier? module, alias* names, int? level" None;
    Global "Global" "stmt" "identifier* names" None;
    Nonlocal "Nonlocal" "stmt" "identifier* names" None;
    Expr "Expr" "stmt" "expr value" None;
    Pass "Pass" "stmt" "" None;
    Break "Break" "stmt" "" None;
    Continue "Continue" "stmt" "" None;
    SumExpr "expr" "" "" OptionalEnd;
    BoolOp "BoolOp" "expr" "boolop op, expr* values" None;
    NamedExpr "NamedExpr" "expr" "expr target, expr value" None;
    BinOp "BinOp" "expr" "expr left, operator op, expr right" None;
    UnaryOp "UnaryOp" "expr" "unaryop op, expr operand" None;
    Lambda "Lambda" "expr" "arguments args, expr body" None;
    IfExp "IfExp" "expr" "expr test, expr body, expr orelse" None;
    Dict "Dict" "expr" "expr?* keys, expr* values" None;
    Set "Set" "expr" "expr* elts" None;
    ListComp "ListComp" "expr" "expr elt, comprehension* generators" None;
    SetComp "SetComp" "expr" "expr elt, comprehension* generators" None;
    DictComp "DictComp" "expr" "expr key, expr value, comprehension* generators" None;
    GeneratorExp "GeneratorExp" "expr" "expr elt, comprehension* generators" None;
    Await "Await" "expr" "expr value" None;
    Yield "Yield" "expr" "expr? value" None;
    YieldFrom "YieldFrom" "expr" "expr value" None;
    Compare "Compare" "expr" "expr left, cmpop* ops, expr* comparators" None;
    Call "Call" "expr" "expr func, expr* args, keyword* keywords" None;
    FormattedValue "FormattedValue" "expr" "expr value, int conversion, expr? format_spec" None;
    Interpolation "Interpolation" "expr" "expr value, constant str, int conversion, expr? format_spec" None;
    JoinedStr "JoinedStr" "expr" "expr* values" None;
    TemplateStr "TemplateStr" "expr" "expr* values" None;
    Constant "Constant" "expr" "constant value, string? kind" None;
    Attribute "Attribute" "expr" "expr value, identifier attr, expr_context ctx" None;
    Subscript "Subscript" "expr" "expr value, expr slice, expr_context ctx" None;
    Starred "Starred" "expr" "expr value, expr_context ctx" None;
    Name "Name" "expr" "identifier id, expr_context ctx" None;
    List "List" "expr" "expr* elts, expr_context ctx" None;
    Tuple "Tuple" "expr" "expr* elts, expr_context ctx" None;
    Slice "Slice" "expr" "expr? lower, expr? upper, expr? step" None;
    SumExprContext "expr_context" "" "" None;
    Load "Load" "expr_context" "" None;
    Store "Store" "expr_context" "" None;
    Del "Del" "expr_context" "" None;
    SumBoolOp "boolop" "" "" None;
    And "And" "boolop" "" None;
    Or "Or" "boolop" "" None;
    SumOperator "operator" "" "" None;
    Add "Add" "operator" "" None;
    Sub "Sub" "operator" "" None;
    Mult "Mult" "operator" "" None;
    MatMult "MatMult" "operator" "" None;
    Div "Div" "operator" "" None;
    Mod "Mod" "operator" "" None;
    Pow "Pow" "operator" "" None;
    LShift "LShift" "operator" "" None;
    RShift "RShift" "operator" "" None;
    BitOr "BitOr" "operator" "" None;
    BitXor "BitXor" "operator" "" None;
    BitAnd "BitAnd" "operator" "" None;
    FloorDiv "FloorDiv" "operator" "" None;
    SumUnaryOp "unaryop" "" "" None;
    Invert "Invert" "unaryop" "" None;
    Not "Not" "unaryop" "" None;
    UAdd "UAdd" "unaryop" "" None;
    USub "USub" "unaryop" "" None;
    SumCmpOp "cmpop" "" "" None;
    Eq "Eq" "cmpop" "" None;
    NotEq "NotEq" "cmpop" "" None;
    Lt "Lt" "cmpop" "" None;
    LtE "LtE" "cmpop" "" None;
    Gt "Gt" "cmpop" "" None;
    GtE "GtE" "cmpop" "" None;
    Is "Is" "cmpop" "" None;
    IsNot "IsNot" "cmpop" "" None;
    In "In" "cmpop" "" None;
    NotIn "NotIn" "cmpop" "" None;
    Comprehension "comprehension" "" "expr target, expr iter, expr* ifs, int is_async" None;
    SumExceptHandler "excepthandler" "" "" OptionalEnd;
    ExceptHandler "ExceptHandler" "excepthandler" "expr? type, identifier? name, stmt* body" None;
    Arguments "arguments" "" "arg* posonlyargs, arg* args, arg? vararg, arg* kwonlyargs, expr?* kw_defaults, arg? kwarg, expr* defaults" None;
    Arg "arg" "" "identifier arg, expr? annotation, string? type_comment" OptionalEnd;
    Keyword "keyword" "" "identifier? arg, expr value" OptionalEnd;
    Alias "alias" "" "identifier name, identifier? asname" OptionalEnd;
    WithItem "withitem" "" "expr context_expr, expr? optional_vars" None;
    MatchCase "match_case" "" "pattern pattern, expr? guard, stmt* body" None;
    SumPattern "pattern" "" "" Required;
    MatchValue "MatchValue" "pattern" "expr value" None;
    MatchSingleton "MatchSingleton" "pattern" "constant value" None;
    MatchSequence "MatchSequence" "pattern" "pattern* patterns" None;
    MatchMapping "MatchMapping" "pattern" "expr* keys, pattern* patterns, identifier? rest" None;
    MatchClass "MatchClass" "pattern" "expr cls, pattern* patterns, identifier* kwd_attrs, pattern* kwd_patterns" None;
    MatchStar "MatchStar" "pattern" "identifier? name" None;
    MatchAs "MatchAs" "pattern" "pattern? pattern, identifier? name" None;
    MatchOr "MatchOr" "pattern" "pattern* patterns" None;
    SumTypeIgnore "type_ignore" "" "" None;
    TypeIgnore "TypeIgnore" "type_ignore" "int lineno, string tag" None;
    SumTypeParam "type_param" "" "" Required;
    TypeVar "TypeVar" "type_param" "identifier name, expr? bound, expr? default_value" None;
    ParamSpec "ParamSpec" "type_param" "identifier name, expr? default_value" None;
    TypeVarTuple "TypeVarTuple" "type_param" "identifier name, expr? default_value" None;
}

/// How often a field's type occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    One,
    Optional,
    Many,
}

/// A field of a row.
pub(crate) struct Field {
    pub(crate) ty: &'static str,
    pub(crate) name: &'static str,
    pub(crate) quantity: Quantity,
}

impl Kind {
    pub(crate) fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}

impl Row {
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.fields.split(", ").filter_map(|field| {
            let (ty, name) = field.split_once(' ')?;
            let quantity = match ty.as_bytes().last() {
                Some(b'*') => Quantity::Many,
                Some(b'?') => Quantity::Optional,
                _ => Quantity::One,
            };
            Some(Field { ty: ty.trim_end_matches(['*', '?']), name, quantity })
        })
    }

    /// Whether other rows are its alternatives.
    fn is_sum(&self) -> bool {
        self.alternatives().next().is_some()
    }

    fn alternatives(&self) -> impl Iterator<Item = &'static Row> {
        let name = self.name;
        ROWS.iter().filter(move |row| row.base == name)
    }

    fn definition(&self) -> String {
        if self.fields.is_empty() {
            return self.name.to_owned();
        }
        format!("{}({})", self.name, self.fields)
    }

    /// `__doc__`.
    pub(crate) fn doc(&self) -> String {
        if !self.is_sum() {
            return self.definition();
        }
        let alternatives: Vec<String> = self.alternatives().map(Row::definition).collect();
        let plain = self.alternatives().all(|row| row.fields.is_empty());
        let separator = if plain {
            " | ".to_owned()
        } else {
            format!("\n{}| ", " ".repeat(self.name.len() + 1))
        };
        format!("{} = {}", self.name, alternatives.join(&separator))
    }
}
