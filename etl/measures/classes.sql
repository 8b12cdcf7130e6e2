-- Classes of TLS versions, as etl/common/words.py has them.
-- In: the variables below_modern and deprecated, lists of TLS versions.
create or replace temp macro is_below_modern(version) as list_contains(getvariable('below_modern'), version);
create or replace temp macro is_deprecated(version) as list_contains(getvariable('deprecated'), version);
