"""Believable data of any size, for demonstrations and for measuring: products, customers and orders.

What is made is as the shop itself would have made it: `manage.py fsck` finds no fault in it.
"""
