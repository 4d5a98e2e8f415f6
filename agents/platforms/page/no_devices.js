// Takes away the microphone or the camera that the bot brings along, for a page that joins better without one.
const missing = (asked) => (asked.audio && !DEVICES.microphone) || (asked.video && !DEVICES.camera);

if (window.MediaDevices) {
  const { getUserMedia, enumerateDevices } = MediaDevices.prototype;
  const NotFound = window.DOMException;
  MediaDevices.prototype.getUserMedia = async function (asked) {
    if (missing(asked || {})) throw new NotFound("Requested device not found", "NotFoundError");
    return await Reflect.apply(getUserMedia, this, [asked]);
  };
  MediaDevices.prototype.enumerateDevices = async function () {
    const found = await Reflect.apply(enumerateDevices, this, []);
    return found.filter((one) => !missing({ audio: one.kind === "audioinput", video: one.kind === "videoinput" }));
  };
}
