"""The wiring of one deployment: environment, settings, URLs and the Daphne entry; nothing here knows what a chat is."""
