"""The bundled corpus, shipped as data: demo dialogues with sound, and minimal pairs."""
