namespace Exai.Simulator.Services;

/// <summary>What one vendor answers beside chat and its list of models.</summary>
internal interface IProviderServices
{
    /// <param name="rule">Of its members only <see cref="SimulatorRule.Answer"/> and <see cref="SimulatorRule.EmptyAnswer"/> concern the content.</param>
    /// <returns>Null when nothing answers the route.</returns>
    ServiceAnswer? Serve(ServiceRequest request, SimulatorRule rule, DateTimeOffset now);
}
