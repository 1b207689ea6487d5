using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Exai.Testing.Stores;

/// <summary>
/// Runs a theory on each store of <see cref="StoreEngines"/>, which its first parameter names; the others get what is given here. Without PostgreSQL
/// on the machine its rows are skipped and say so.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class EveryStoreAttribute(params object?[] arguments) : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. StoreEngines.All.Select(store => new TheoryDataRow([store.Engine, .. arguments]) { Skip = store.Skip })]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
