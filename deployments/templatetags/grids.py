"""`{% load grids %}`: words for the bars of a grid."""

from django import template

from deployments.pages.grid import column_title

register = template.Library()
register.filter("column_title", column_title)
