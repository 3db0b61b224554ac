"""Views of a Report for people: pages, words, terminal. Nothing here decides a point."""
