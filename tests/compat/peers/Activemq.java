// ActiveMQ as a broker, on a port of loopback that the kernel chooses, which it prints. Its store is in a folder.
//   java -cp ... Activemq.java FOLDER
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.TransportConnector;

public class Activemq {
    public static void main(String[] words) throws Exception {
        BrokerService broker = new BrokerService();
        broker.setUseJmx(false);
        broker.setDataDirectory(words[0]);
        broker.setSchedulerSupport(false);
        TransportConnector connector = broker.addConnector("mqtt://127.0.0.1:0");
        broker.start();
        System.out.println("mqtt " + connector.getConnectUri().getPort());
        broker.waitUntilStopped();
    }
}
