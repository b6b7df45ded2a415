// Says so on the page when a key could not be used; allauth's scripts only tell the console.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const note = document.getElementById("key-failed");
  note.textContent = "Nyckeln kunde inte användas. Försök igen, eller välj ett annat sätt.";
  note.hidden = false;
});
