// Shows an error on the page when a security key fails; allauth's scripts only log it to the console.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const note = document.getElementById("key-failed");
  note.textContent = "Nyckeln kunde inte användas. Försök igen, eller välj ett annat sätt.";
  note.hidden = false;
});
