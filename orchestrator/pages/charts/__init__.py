"""Small pictures of numbers, drawn by the server as SVG: no script draws, and one markup serves light and dark."""
