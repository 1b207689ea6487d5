using System.Net;
using System.Net.Sockets;

namespace Exai.Browser.Tests.Harness;

/// <summary>A port for a daemon that is to be found at the same place after a restart.</summary>
internal static class FreePort
{
    public static int Take()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
