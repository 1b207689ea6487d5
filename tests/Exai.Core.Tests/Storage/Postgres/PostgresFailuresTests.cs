using Exai.Core.Storage.Postgres;

namespace Exai.Core.Tests.Storage.Postgres;

public sealed class PostgresFailuresTests
{
    /// <summary>A server that crashed while a daemon started ended the daemon: of the break the driver tells only what it disposed of because of it.</summary>
    [Fact]
    public void IsAway_the_driver_tells_of_a_disposed_part_of_its_connection_the_server_is_away() =>
        PostgresFailures.IsAway(new ObjectDisposedException(typeof(ManualResetEventSlim).FullName)).ShouldBeTrue();

    [Fact]
    public void IsAway_something_of_ours_is_disposed_nobody_waits_for_a_server() =>
        PostgresFailures.IsAway(new ObjectDisposedException("Npgsql.NpgsqlDataSource")).ShouldBeFalse();
}
