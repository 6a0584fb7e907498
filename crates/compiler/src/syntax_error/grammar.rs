//! What Python's grammar accepts, and what it has to say about near misses.
//!
//! One rule a paragraph: `name: alternative / alternative`, tried in order. `'x'` is a token,
//! `"x"` a name with that text, capitals are kinds of tokens. `e?` `e*` `e+` repeat, `e+,` repeats
//! with commas between, `&e` and `!e` look ahead, `^` keeps to an alternative once it is reached,
//! `'x'!` must follow. A rule after `@` remembers its result, below one after `%` mistakes are not
//! looked for, and below one after `~` what is found is not remembered either. `?rule` is tried only when a
//! text is known to be wrong: such rules end in an [`Action`](super::peg), where `a:e` labels what it
//! talks about. `$P` stands for the flavour of parameters, `$F` for that of a string.

/// Statements.
const STATEMENTS: &str = r#"
file: statement* END
interactive: compound NEWLINE / simple_line
eval: expressions NEWLINE* END
func_type: '(' func_types? ')' '->' expression NEWLINE* END
func_types: expression+, ',' '*' expression ',' '**' expression / expression+, ',' '*' expression
  / expression+, ',' '**' expression / '*' expression ',' '**' expression / '*' expression
  / '**' expression / expression+,

statement: compound / simple_line
simple_line: simple !';' NEWLINE / simple+; ';'? NEWLINE
@simple: assignment / &"type" type_alias / &('import' / 'from') import / star_expressions
  / &'return' return / &'raise' raise / &'pass' 'pass' / &'del' del / &'yield' yield
  / &'assert' assert / &'break' 'break' / &'continue' 'continue'
  / &'global' 'global' NAME+, / &'nonlocal' 'nonlocal' NAME+,
compound: &('def' / '@' / 'async') function / &'if' if / &('class' / '@') class
  / &('with' / 'async') with / &('for' / 'async') for / &'try' try / &'while' while / match

assignment: annotated_name / annotated_target / (star_targets '=')+ assigned !'=' TYPE_COMMENT?
  / single_target augmented ^ assigned / ?wrong_assignment
annotated_name: NAME ':' expression ('=' assigned)? => since 6 "Variable annotation syntax is"
annotated_target: ('(' single_target ')' / single_part) ':' expression ('=' assigned)?
  => since 6 "Variable annotations syntax is"
assigned: yield / star_expressions
augmented: '+=' / '-=' / '*=' / matmul_assign / '/=' / '%=' / '&=' / '|=' / '^=' / '<<=' / '>>='
  / '**=' / '//='
matmul_assign: '@=' => since 5 "The '@' operator is"
wrong_assignment: a:sequence_target ':' expression => at a "only single target (not %s) can be annotated"
  / a:star_named ',' (star_named+, ','?)* ':' expression => at a "only single target (not tuple) can be annotated"
  / a:expression ':' expression => at a "illegal target for annotation"
  / (star_targets '=')* a:star_expressions '=' => assign a
  / (star_targets '=')* a:yield '=' => at a "assignment to yield expression not possible"
  / a:star_expressions augmented assigned => at a "'%s' is an illegal expression for augmented assignment"
sequence_target: list / tuple / '(' sequence_target ')'

return: 'return' star_expressions?
raise: 'raise' expression 'from' expression / 'raise' expression / 'raise'
del: 'del' del_targets &(';' / NEWLINE) / ?wrong_del
wrong_del: 'del' a:star_expressions => delete a
assert: 'assert' expression (',' expression)?

@import: ?wrong_import / 'import' import_name+, / 'from' ('.' / '...')* dotted 'import' imported
  / 'from' ('.' / '...')+ 'import' imported
wrong_import: a:'import' dotted+, 'from' dotted => from a "Did you mean to use 'from ... import ...' instead?"
  / 'import' a:NEWLINE => from a "Expected one or more names after 'import'"
imported: '(' imported_name+, ','? ')' / imported_name+, !',' / '*' / ?wrong_imported
wrong_imported: imported_name+, ',' NEWLINE => last "trailing comma not allowed without surrounding parentheses"
  / a:NEWLINE => from a "Expected one or more names after 'import'"
imported_name: ?wrong_imported_name / NAME ('as' NAME)?
wrong_imported_name: NAME 'as' !(NAME (',' / ')' / ';' / NEWLINE)) a:expression => at a "cannot use %s as import target"
import_name: ?wrong_import_name / dotted ('as' NAME)?
wrong_import_name: dotted 'as' !(NAME (',' / ')' / ';' / NEWLINE)) a:expression => at a "cannot use %s as import target"
@dotted: NAME ('.' NAME)*

type_alias: "type" NAME type_params? '=' expression => since 12 "Type statement is"
type_params: ?wrong_type_params / type_param_list
type_param_list: '[' type_param+, ','? ']' => since 12 "Type parameter lists are"
wrong_type_params: '[' a:']' => from a "Type parameter list cannot be empty"
@type_param: NAME (':' expression)? type_default? / ?wrong_type_param / '*' NAME type_star_default?
  / '**' NAME type_default?
type_default: '=' expression => since 13 "Type parameter defaults are"
type_star_default: '=' star_expression => since 13 "Type parameter defaults are"
wrong_type_param: '*' NAME a:':' b:expression => bound a b "TypeVarTuple"
  / '**' NAME a:':' b:expression => bound a b "ParamSpec"

@block: NEWLINE INDENT statement+ DEDENT / simple_line / ?wrong_block
wrong_block: NEWLINE !INDENT => indent "expected an indented block"
decorators: ('@' named NEWLINE)+

class: decorators class_itself / class_itself
class_itself: ?wrong_class / 'class' NAME type_params? ('(' arguments? ')')? ':' block
wrong_class: 'class' NAME type_params? ('(' arguments? ')')? NEWLINE => last "expected ':'"
  / a:'class' NAME type_params? ('(' arguments? ')')? ':' NEWLINE !INDENT => indent a "expected an indented block after class definition on line %d"
function: decorators function_itself / function_itself
function_itself: ?wrong_function
  / 'def' NAME type_params? '(' params? ')' ('->' expression)? ':' func_type_comment? block
  / async_function
async_function: 'async' 'def' NAME type_params? '(' params? ')' ('->' expression)? ':' func_type_comment? block
  => since 5 "Async functions are"
wrong_function: 'async'? a:'def' NAME type_params? '(' params? ')' ('->' expression)? ':' NEWLINE !INDENT
  => indent a "expected an indented block after function definition on line %d"
  / 'async'? 'def' NAME type_params? '('! params? ')' ('->' expression)? ':'! func_type_comment? block
func_type_comment: NEWLINE TYPE_COMMENT &(NEWLINE INDENT) / ?two_type_comments / TYPE_COMMENT
two_type_comments: TYPE_COMMENT NEWLINE TYPE_COMMENT NEWLINE INDENT => last "Cannot have two type comments on def"

if: ?wrong_if / 'if' named ':' block elif / 'if' named ':' block else?
wrong_if: 'if' named NEWLINE => last "expected ':'"
  / 'if' a:named ':' NEWLINE !INDENT => indent a "expected an indented block after 'if' statement on line %d"
elif: ?wrong_elif / 'elif' named ':' block elif / 'elif' named ':' block else?
wrong_elif: 'elif' named NEWLINE => last "expected ':'"
  / a:'elif' named ':' NEWLINE !INDENT => indent a "expected an indented block after 'elif' statement on line %d"
else: ?wrong_else / 'else' ':'! block
wrong_else: a:'else' ':' NEWLINE !INDENT => indent a "expected an indented block after 'else' statement on line %d"
  / 'else' ':' block 'elif' => last "'elif' block follows an 'else' block"
while: ?wrong_while / 'while' named ':' block else?
wrong_while: 'while' named NEWLINE => last "expected ':'"
  / a:'while' named ':' NEWLINE !INDENT => indent a "expected an indented block after 'while' statement on line %d"
for: ?wrong_for / 'for' star_targets 'in' ^ star_expressions ':' TYPE_COMMENT? block else?
  / async_for / ?wrong_for_target
async_for: 'async' 'for' star_targets 'in' ^ star_expressions ':' TYPE_COMMENT? block else?
  => since 5 "Async for loops are"
wrong_for: 'async'? 'for' star_targets 'in' star_expressions NEWLINE => last "expected ':'"
  / 'async'? a:'for' star_targets 'in' star_expressions ':' NEWLINE !INDENT
  => indent a "expected an indented block after 'for' statement on line %d"
wrong_for_target: 'async'? 'for' a:star_expressions => for a

with: ?wrong_with_block / 'with' '(' with_item+, ','? ')' ':' TYPE_COMMENT? block
  / 'with' with_item+, ':' TYPE_COMMENT? block / async_with / ?wrong_with
async_with: async_with_either => since 5 "Async with statements are"
async_with_either: 'async' 'with' '(' with_item+, ','? ')' ':' block / 'async' 'with' with_item+, ':' TYPE_COMMENT? block
with_item: expression 'as' star_target &(',' / ')' / ':') / ?wrong_with_item / expression
wrong_with_item: expression 'as' a:expression &(',' / ')' / ':') => assign a
wrong_with: 'async'? 'with' (expression ('as' star_target)?)+, a:',' ':' => at a "the last 'with' item has a trailing comma"
  / 'async'? 'with' (expression ('as' star_target)?)+, NEWLINE => last "expected ':'"
  / 'async'? 'with' '(' (expressions ('as' star_target)?)+, ','? ')' NEWLINE => last "expected ':'"
wrong_with_block: 'async'? a:'with' (expression ('as' star_target)?)+, ':' NEWLINE !INDENT
  => indent a "expected an indented block after 'with' statement on line %d"
  / 'async'? a:'with' '(' (expressions ('as' star_target)?)+, ','? ')' ':' NEWLINE !INDENT
  => indent a "expected an indented block after 'with' statement on line %d"

try: ?wrong_try / 'try' ':'! block finally / 'try' ':'! block except+ else? finally? / try_star
try_star: 'try' ':'! block except_star+ else? finally? => since 11 "Exception groups are"
wrong_try: a:'try' ':' NEWLINE !INDENT => indent a "expected an indented block after 'try' statement on line %d"
  / 'try' ':' block !('except' / 'finally') => last "expected 'except' or 'finally' block"
  / 'try' ':' block* except+ a:'except' b:'*' expression ('as' NAME)? ':' => a to b "cannot have both 'except' and 'except*' on the same 'try'"
  / 'try' ':' block* except_star+ a:'except' (expression ('as' NAME)?)? ':' => at a "cannot have both 'except' and 'except*' on the same 'try'"
except: ?wrong_except_block / 'except' expression ':' block / 'except' expression 'as' NAME ':' block
  / except_many / 'except' ':' block / ?wrong_except
except_many: 'except' expressions ':' block => since 14 "except expressions without parentheses are"
except_star: ?wrong_except_star_block / 'except' '*' expression ':' block
  / 'except' '*' expression 'as' NAME ':' block / except_star_many / ?wrong_except_star
except_star_many: 'except' '*' expressions ':' block => since 14 "except expressions without parentheses are"
wrong_except: 'except' a:expression ',' expressions 'as' NAME ':' => from a "multiple exception types must be parenthesized when using 'as'"
  / 'except' expression ('as' NAME)? NEWLINE => last "expected ':'"
  / 'except' NEWLINE => last "expected ':'"
  / 'except' expression 'as' a:expression ':' block => at a "cannot use except statement with %s"
wrong_except_star: 'except' '*' a:expression ',' expressions 'as' NAME ':' => from a "multiple exception types must be parenthesized when using 'as'"
  / 'except' '*' expression ('as' NAME)? NEWLINE => last "expected ':'"
  / 'except' '*' (NEWLINE / ':') => last "expected one or more exception types"
  / 'except' '*' expression 'as' a:expression ':' block => at a "cannot use except* statement with %s"
wrong_except_block: a:'except' expression ('as' NAME)? ':' NEWLINE !INDENT => indent a "expected an indented block after 'except' statement on line %d"
  / a:'except' ':' NEWLINE !INDENT => indent a "expected an indented block after 'except' statement on line %d"
wrong_except_star_block: a:'except' '*' expression ('as' NAME)? ':' NEWLINE !INDENT => indent a "expected an indented block after 'except*' statement on line %d"
finally: ?wrong_finally / 'finally' ':'! block
wrong_finally: a:'finally' ':' NEWLINE !INDENT => indent a "expected an indented block after 'finally' statement on line %d"
"#;

/// `match` and its patterns.
const PATTERNS: &str = r#"
match: match_itself / ?wrong_match
match_itself: "match" subject ':' NEWLINE INDENT case+ DEDENT => since 10 "Pattern matching is"
subject: star_named ',' (star_named+, ','?)? / named
case: ?wrong_case / "case" patterns guard? ':' block
guard: 'if' named
wrong_match: "match" subject NEWLINE => last "expected ':'"
  / a:"match" subject ':' NEWLINE !INDENT => indent a "expected an indented block after 'match' statement on line %d"
wrong_case: "case" patterns guard? NEWLINE => last "expected ':'"
  / a:"case" patterns guard? ':' NEWLINE !INDENT => indent a "expected an indented block after 'case' statement on line %d"
patterns: open_sequence / pattern
pattern: as_pattern / or_pattern
as_pattern: or_pattern 'as' capture / ?wrong_as_pattern
wrong_as_pattern: or_pattern 'as' a:"_" => at a "cannot use '_' as a target"
  / or_pattern 'as' a:expression => at a "cannot use %s as pattern target"
or_pattern: closed_pattern ('|' closed_pattern)*
@closed_pattern: signed_number !('+' / '-') / complex / strings / 'None' / 'True' / 'False' / capture / "_"
  / dotted_value !('.' / '(' / '=') / '(' pattern ')' / '[' sequence_items? ']' / '(' open_sequence? ')'
  / mapping_pattern / class_pattern
pattern_key: signed_number !('+' / '-') / complex / &(STRING / FSTART / TSTART) strings / 'None' / 'True' / 'False' / dotted_value
signed_number: number / '+' number / '-' number
number: a:NUMBER => digits a "Underscores in numeric literals are"
complex: signed_real ('+' / '-') imaginary
signed_real: real / '+' real / '-' real
real: a:NUMBER => real a
imaginary: a:NUMBER => imaginary a
capture: !"_" NAME !('.' / '(' / '=')
dotted_value: NAME ('.' NAME)+
dotted_name: NAME ('.' NAME)*
open_sequence: sequence_item ',' sequence_items?
sequence_items: sequence_item+, ','?
sequence_item: star_pattern / pattern
@star_pattern: '*' capture / '*' "_"
mapping_pattern: '{' '}' / '{' rest_pattern ','? '}' / '{' mapping_item+, ',' rest_pattern ','? '}'
  / '{' mapping_item+, ','? '}'
mapping_item: pattern_key ':' pattern
rest_pattern: '**' capture
class_pattern: dotted_name '(' ')' / dotted_name '(' pattern+, ','? ')'
  / dotted_name '(' keyword_pattern+, ','? ')'
  / dotted_name '(' pattern+, ',' keyword_pattern+, ','? ')' / ?wrong_class_pattern
keyword_pattern: NAME '=' pattern
wrong_class_pattern: dotted_name '(' (pattern+, ',')? keyword_pattern+, ',' a:pattern_list => at a "positional patterns follow keyword patterns"
pattern_list: pattern+,
"#;

/// Expressions.
const EXPRESSIONS: &str = r#"
expressions: expression (',' expression)+ ','? / expression ',' / expression
@expression: ?wrong_expression / ?wrong_legacy / if_expression / disjunction / lambda
if_expression: disjunction 'if' disjunction 'else' expression
%plain_expression: disjunction 'if' disjunction 'else' expression / disjunction / lambda
wrong_expression: STRING a:(!STRING plain_expression)+ STRING => at a "invalid syntax. Is this intended to be part of the string?"
  / !(NAME STRING / SOFT_KEYWORD) a:disjunction b:plain_expression => comma a b "invalid syntax. Perhaps you forgot a comma?"
  / a:disjunction 'if' b:disjunction !('else' / ':') => a to b "expected 'else' after 'if' expression"
  / a:disjunction 'if' b:disjunction 'else' !expression => next "expected expression after 'else', but statement is given"
  / a:('pass' / 'break' / 'continue') 'if' disjunction 'else' simple => at a "expected expression before 'if', but statement is given"
  / a:'lambda' lambda_params? b:':' &FMIDDLE => a to b "f-string: lambda expressions are not allowed without parentheses"
  / a:'lambda' lambda_params? b:':' &TMIDDLE => a to b "t-string: lambda expressions are not allowed without parentheses"
wrong_legacy: a:NAME !'(' b:star_expressions => legacy a b
yield: 'yield' 'from' expression / 'yield' star_expressions?
star_expressions: star_expression (',' star_expression)+ ','? / star_expression ',' / star_expression
@star_expression: '*' bitor / expression
star_named: '*' bitor / named
walrus: NAME ':=' ^ expression => since 8 "Assignment expressions are"
named: walrus / ?wrong_named / expression !':='
@wrong_named: a:expression ':=' expression => at a "cannot use assignment expressions with %s"
  / a:NAME '=' b:bitor !('=' / ':=') => a to b "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"
  / !(list / tuple / genexp / 'True' / 'None' / 'False') a:bitor '=' bitor !('=' / ':=')
  => at a "cannot assign to %s here. Maybe you meant '==' instead of '='?"
@disjunction: conjunction ('or' conjunction)*
@conjunction: inversion ('and' inversion)*
@inversion: 'not' inversion / comparison
comparison: bitor (comparator bitor)*
comparator: ?diamond / '==' / '!=' / '<=' / '<' / '>=' / '>' / 'not' 'in' / 'in' / 'is' 'not' / 'is'
diamond: a:'<' b:'>' => a to b "invalid syntax.  Maybe you meant '!=' instead of '<>'?"
@bitor: bitxor ('|' bitxor)*
@bitxor: bitand ('^' bitand)*
@bitand: shift ('&' shift)*
@shift: (?wrong_arithmetic / sum) (('<<' / '>>') sum)*
wrong_arithmetic: sum ('+' / '-' / '*' / '/' / '%' / '//' / '@') a:'not' b:inversion => a to b "'not' after an operator must be parenthesized"
@sum: term (('+' / '-') term)*
@term: (?wrong_factor / factor) ('*' factor / '/' factor / '//' factor / '%' factor / matmul factor)*
matmul: '@' => since 5 "The '@' operator is"
wrong_factor: ('+' / '-' / '~') a:'not' b:factor => a to b "'not' after an operator must be parenthesized"
@factor: '+' factor / '-' factor / '~' factor / power
power: await_primary '**' factor / await_primary
@await_primary: await / primary
await: 'await' primary => since 5 "Await expressions are"
@primary: atom trailer*
trailer: '.' NAME / genexp / '(' arguments? ')' / '[' slices ']'
slices: slice !',' / (slice / starred)+, ','?
slice: expression? ':' expression? (':' expression?)? / named
atom: NAME / 'True' / 'False' / 'None' / &(STRING / FSTART / TSTART) strings / number
  / &'(' (genexp / tuple / group) / &'[' (listcomp / list) / &'{' (dictcomp / setcomp / dict / set) / '...'
group: '(' (yield / named) ')' / ?wrong_group
wrong_group: '(' a:starred ')' => at a "cannot use starred expression here"
  / '(' a:'**' expression ')' => at a "cannot use double starred expression here"
lambda: 'lambda' lambda_params? ':' expression
list: '[' star_items? ']'
star_items: star_named+, ','?
tuple: '(' (star_named ',' star_items?)? ')'
set: '{' star_items '}'
dict: ?wrong_later_key / '{' (pair_or_double+, ','?)? '}' / '{' ?wrong_pairs '}'
~wrong_later_key: '{' (plain_pair ',')+ a:plain_expression !':' => behind a "':' expected after dictionary key"
plain_pair: '**' bitor / plain_expression ':' plain_expression
pair_or_double: '**' bitor / pair
pair: expression ':' expression
wrong_pairs: pair_or_double+, ',' ?wrong_pair
  / expression ':' a:'*' bitor => from a "cannot use a starred expression in a dictionary value"
  / expression a:':' &('}' / ',') => at a "expression expected after dictionary key and ':'"
wrong_pair: a:expression !':' => behind a "':' expected after dictionary key"
  / expression ':' a:'*' bitor => from a "cannot use a starred expression in a dictionary value"
  / expression a:':' &('}' / ',') => at a "expression expected after dictionary key and ':'"

clauses: clause+
clause: async_clause / 'for' star_targets 'in' ^ disjunction ('if' disjunction)* / ?wrong_clause / ?wrong_for_target
async_clause: 'async' 'for' star_targets 'in' ^ disjunction ('if' disjunction)* => since 6 "Async comprehensions are"
wrong_clause: 'async'? 'for' (bitor (',' bitor)* ','?) !'in' => last "'in' expected after for-loop variables"
listcomp: '[' named clauses ']' / ?wrong_comprehension
setcomp: '{' named clauses '}' / ?wrong_comprehension
genexp: '(' (walrus / expression !':=') clauses ')' / ?wrong_comprehension
dictcomp: '{' pair clauses '}' / ?wrong_dictcomp
wrong_dictcomp: '{' a:'**' bitor clauses '}' => at a "dict unpacking cannot be used in dict comprehension"
wrong_comprehension: ('[' / '{' / '(') a:starred clauses => at a "iterable unpacking cannot be used in comprehension"
  / ('[' / '{') a:star_named ',' b:star_names clauses => a to b "did you forget parentheses around the comprehension target?"
  / ('[' / '{') a:star_named b:',' clauses => a to b "did you forget parentheses around the comprehension target?"
star_names: star_named+, ','?

@arguments: args ','? &')' / ?wrong_arguments
args: (starred / (walrus / expression !':=') !'=')+, (',' kwargs)? / kwargs
kwargs: kwarg_or_starred+, ',' kwarg_or_double+, / kwarg_or_starred+, / kwarg_or_double+,
starred: ?wrong_star / '*' expression / ?bare_star
kwarg_or_starred: ?wrong_kwarg / NAME '=' expression / starred
kwarg_or_double: ?wrong_kwarg / NAME '=' expression / '**' expression
wrong_star: a:'*' expression '=' b:expression => a to b "cannot assign to iterable argument unpacking"
bare_star: '*' => last "Invalid star expression"
wrong_kwarg: a:('True' / 'False' / 'None') b:'=' => a to b "cannot assign to %t"
  / a:NAME b:'=' expression clauses => a to b "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"
  / !(NAME '=') a:expression b:'=' => a to b "expression cannot contain assignment, perhaps you meant \"==\"?"
  / a:'**' expression '=' b:expression => a to b "cannot assign to keyword argument unpacking"
wrong_arguments: ((starred / (walrus / expression !':=') !'=')+, ',' kwargs / kwargs) a:',' (starred !'=')+,
  => from a "iterable argument unpacking follows keyword argument unpacking"
  / a:expression b:clauses ',' (args / expression clauses)? => a to b "Generator expression must be parenthesized"
  / a:NAME b:'=' expression clauses => a to b "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"
  / (args ',')? a:NAME b:'=' &(',' / ')') => a to b "expected argument value expression"
  / a:args b:clauses => bare_genexp a b "Generator expression must be parenthesized"
  / args ',' a:expression b:clauses => a to b "Generator expression must be parenthesized"
  / a:args ',' args => order a

star_targets: star_target !',' / star_target (',' star_target)* ','?
@star_target: '*' (!'*' star_target) / star_part
@star_part: target_primary '.' NAME !trailing / target_primary '[' slices ']' !trailing / star_atom
star_atom: NAME / '(' star_part ')' / '(' star_tuple? ')' / '[' (star_target+, ','?)? ']'
star_tuple: star_target (',' star_target)+ ','? / star_target ','
single_target: single_part / NAME / '(' single_target ')'
single_part: target_primary '.' NAME !trailing / target_primary '[' slices ']' !trailing
@target_primary: atom &trailing (trailer &trailing)*
trailing: '(' / '[' / '.'
del_targets: del_target+, ','?
@del_target: target_primary '.' NAME !trailing / target_primary '[' slices ']' !trailing / del_atom
del_atom: NAME / '(' del_target ')' / '(' del_targets? ')' / '[' del_targets? ']'

@strings: ?wrong_mix / strings_itself / templates_itself
strings_itself: a:(fstring / STRING)+ => strings a
templates_itself: a:template+ => strings a
template: tstring => since 14 "t-strings are"
wrong_mix: (a:fstring / a:STRING)+ b:tstring => a to b "cannot mix t-string literals with string or bytes literals"
  / (a:tstring)+ b:(fstring / STRING) => a to b "cannot mix t-string literals with string or bytes literals"
"#;

/// Parameters of a function and of a `lambda`.
const PARAMETERS: &str = r#"
$Ps: ?wrong_$Ps / $P_all
$P_all: $P_slash_plain $P_plain* $P_default* $P_star? => since 8 "Positional-only parameters are"
  / $P_slash_default $P_default* $P_star? => since 8 "Positional-only parameters are"
  / $P_plain+ $P_default* $P_star? / $P_default+ $P_star? / $P_star
$P_slash_plain: $P_plain+ '/' ',' / $P_plain+ '/' &$E
$P_slash_default: $P_plain* $P_default+ '/' ',' / $P_plain* $P_default+ '/' &$E
$P_star: ?wrong_$P_star / '*' $P_plain $P_maybe* $P_double? $S/ '*' ',' $P_maybe+ $P_double? / $P_double
$P_double: ?wrong_$P_double / '**' $P_plain
$P_plain: $P ',' $T/ $P $T&$E
$P_default: $P default ',' $T/ $P default $T&$E
$P_maybe: $P default? ',' $T/ $P default? $T&$E
wrong_$Ps: a:'/' ',' => at a "at least one argument must precede /"
  / ($P_slash_plain / $P_slash_default) $P_maybe* a:'/' => at a "/ may appear only once"
  / $P_slash_plain? $P_plain* ($P_slash_default / $P_default+) a:$P_plain => param a "parameter without a default follows parameter with a default"
  / $P_plain* a:'(' $G ','? b:')' => a to b "$N parameters cannot be parenthesized"
  / ($P_slash_plain / $P_slash_default)? $P_maybe* '*' (',' / $P_plain) $P_maybe* a:'/' => at a "/ must be ahead of *"
  / $P_maybe+ '/' a:'*' => at a "expected comma between / and *"
wrong_$P_star: $B
  / '*' $P a:'=' => at a "var-positional argument cannot have default value"
  / '*' ($P_plain / ',') $P_maybe* a:'*' ($P_plain / ',') => at a "* argument may appear only once"
wrong_$P_double: '**' $P a:'=' => at a "var-keyword argument cannot have default value"
  / '**' $P ',' a:$P => at a "arguments cannot follow var-keyword argument"
  / '**' $P ',' a:('*' / '**' / '/') => at a "arguments cannot follow var-keyword argument"
"#;

const PARAMETER: &str = r#"
param: NAME (':' expression)?
starred_param: '*' star_annotated param_maybe* param_double?
star_annotated: NAME ':' star_expression ',' TYPE_COMMENT? / NAME ':' star_expression TYPE_COMMENT? &')'
lambda_param: NAME
default: '=' expression / ?wrong_default
wrong_default: a:'=' &(')' / ',') => at a "expected default value expression"
"#;

/// f-strings and t-strings.
const INTERPOLATED: &str = r#"
$fstring: $FSTART ($ffield / $FMIDDLE)* $FEND
$ffield: '{' assigned '='? conversion? $fspec? '}' / ?wrong_$ffield
$fspec: ':' ($FMIDDLE / $ffield)*
wrong_$ffield: '{' a:'=' => at a "$f-string: valid expression required before '='"
  / '{' a:'!' => at a "$f-string: valid expression required before '!'"
  / '{' a:':' => at a "$f-string: valid expression required before ':'"
  / '{' a:'}' => at a "$f-string: valid expression required before '}'"
  / '{' !assigned => next "$f-string: expecting a valid expression after '{'"
  / '{' assigned !('=' / '!' / ':' / '}') => next "$f-string: expecting '=', or '!', or ':', or '}'"
  / '{' assigned '=' !('!' / ':' / '}') => next "$f-string: expecting '!', or ':', or '}'"
  / '{' assigned '='? ?wrong_$fconversion
  / '{' assigned '='? ('!' NAME)? !(':' / '}') => next "$f-string: expecting ':' or '}'"
  / '{' assigned '='? ('!' NAME)? ':' ($FMIDDLE / $ffield)* !'}' => next "$f-string: expecting '}', or format specs"
  / '{' assigned '='? ('!' NAME)? !'}' => next "$f-string: expecting '}'"
wrong_$fconversion: '!' &(':' / '}') => next "$f-string: missing conversion character"
  / '!' !NAME => next "$f-string: invalid conversion character"
"#;

const CONVERSION: &str = "
conversion: a:'!' b:NAME => conversion a b
";

/// The whole table.
pub(super) fn text() -> String {
    let parameters = |prefix: &str, values: [&str; 6]| {
        let [end, comment, starred, grouped, name, bare] = values;
        PARAMETERS
            .replace("$E", end)
            .replace("$T", comment)
            .replace("$S", starred)
            .replace("$G", grouped)
            .replace("$N", name)
            .replace("$B", bare)
            .replace("$P", prefix)
    };
    let function = [
        "')'",
        "TYPE_COMMENT? ",
        "/ starred_param ",
        "param_plain+",
        "Function",
        "a:'*' (')' / ',' (')' / '**')) => at a \"named arguments must follow bare *\"\n  \
         / '*' ',' TYPE_COMMENT => last \"bare * has associated type comment\"",
    ];
    let lambda = [
        "':'",
        "",
        "",
        "lambda_param+,",
        "Lambda expression",
        "'*' (':' / ',' (':' / '**')) => last \"named arguments must follow bare *\"",
    ];
    let strings = |kind: &str, upper: &str| INTERPOLATED.replace("$f", kind).replace("$F", upper);
    [
        STATEMENTS,
        PATTERNS,
        EXPRESSIONS,
        PARAMETER,
        CONVERSION,
        &parameters("param", function),
        &parameters("lambda_param", lambda),
        &strings("f", "F"),
        &strings("t", "T"),
    ]
    .concat()
}
