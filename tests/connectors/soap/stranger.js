// Calls a SOAP service with the npm package `soap`, as another language's client would; prints one line of JSON.
// Its one argument is JSON: {modules, wsdl, version, operation, arguments, user?, password?, digest?, key?, certificate?}
"use strict";
const path = require("path");

const told = JSON.parse(process.argv[2]);
const soap = require(path.join(told.modules, "soap"));

async function main() {
  const options = { forceSoap12Headers: told.version === "1.2" };
  const client = await soap.createClientAsync(told.wsdl, options);
  if (told.key) {
    const algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    const digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    client.setSecurity(
      new soap.WSSecurityCert(told.key, told.certificate, "", {
        hasTimeStamp: true,
        signatureAlgorithm: algorithm,
        digestAlgorithm: digest,
      })
    );
  } else if (told.user) {
    const type = told.digest ? "PasswordDigest" : "PasswordText";
    client.setSecurity(new soap.WSSecurity(told.user, told.password, { passwordType: type, hasTimeStamp: false }));
  }
  try {
    const [answer] = await client[`${told.operation}Async`](told.arguments);
    return { answer };
  } catch (error) {
    const fault = error.root && error.root.Envelope && error.root.Envelope.Body.Fault;
    if (!fault) throw error;
    const detail = fault.detail || fault.Detail || {};
    return { fault: detail.code || "none" };
  }
}

main().then(
  (said) => console.log(JSON.stringify(said)),
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  }
);
