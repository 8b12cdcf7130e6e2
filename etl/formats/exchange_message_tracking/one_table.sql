-- Tables with different fields as one, by name, in order.
copy (
    select *
    from read_csv(
        getvariable('tables'), union_by_name = true, header = true, auto_detect = true, all_varchar = true, delim = ',',
        quote = '"', escape = '"', comment = '', skip = 0, strict_mode = true, null_padding = false, max_line_size = 4194304
    )
) to (getvariable('table_file')) (format csv, header true, delimiter ',');
