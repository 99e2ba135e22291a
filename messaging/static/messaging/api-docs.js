// The page of the API: the document of this server, with nothing from anywhere else.
"use strict";

window.ui = SwaggerUIBundle({
  url: new URL("../schema/", location.href).href,
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  // It would send the address of the document to another host.
  validatorUrl: null,
});
