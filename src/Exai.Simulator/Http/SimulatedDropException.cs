namespace Exai.Simulator.Http;

/// <summary>
/// Ends a response that has begun. Kestrel, told of an exception then, sends what was written and closes without the end mark;
/// an abort would overtake bytes that are still queued, and a test could not say how much arrives.
/// </summary>
internal sealed class SimulatedDropException() : Exception("The script drops the connection here.");
