namespace Exai.Core.Providers.Services;

/// <summary>What is left on an account. From <c>IChatClient.GetService</c>; null where the provider does not tell.</summary>
public interface IProviderBalance
{
    /// <exception cref="ProviderException">It could not be asked.</exception>
    Task<ProviderBalance> ReadAsync(CancellationToken cancellationToken = default);
}

/// <summary>Money of an account.</summary>
/// <param name="Available">What can be spent; at zero or below, calls are refused.</param>
/// <param name="Voucher">The part of it that was given.</param>
/// <param name="Cash">The part that was paid in; negative is a debt.</param>
/// <param name="Currency">USD or CNY; null when the host does not say which.</param>
public sealed record ProviderBalance(decimal Available, decimal? Voucher, decimal? Cash, string? Currency);

/// <summary>How much of a subscription is used. From <c>IChatClient.GetService</c>; null where there are no subscriptions.</summary>
public interface IPlanUsage
{
    /// <exception cref="ProviderException">It could not be asked; also when the key belongs to no plan.</exception>
    Task<PlanUsage> ReadAsync(CancellationToken cancellationToken = default);
}

/// <param name="Level">The plan's name; null when not told.</param>
public sealed record PlanUsage(string? Level, IReadOnlyList<PlanLimit> Limits);

/// <summary>One limit of a plan.</summary>
/// <param name="Type">The provider's word for it.</param>
/// <param name="Window">Over which time it counts: 5 hours, month; null when that is not known.</param>
/// <param name="Percentage">Used, 0 to 100.</param>
/// <param name="Used">In the limit's own unit; null when not told.</param>
/// <param name="Total">In the limit's own unit; null when not told.</param>
/// <param name="ResetsAt">Null when not told.</param>
public sealed record PlanLimit(string Type, string? Window, double Percentage, long? Used, long? Total, DateTimeOffset? ResetsAt);
