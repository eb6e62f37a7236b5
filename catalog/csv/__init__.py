"""Catalogues from CSV files, in two formats: our own columns and Shopify's product export.

    table     a file as numbered rows       own, shopify   rows as entries
    entries   which format, what repeats    write          entries as products

Everything streams: a file of any size is read in little memory.
"""
